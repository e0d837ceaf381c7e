
  // The ring's counters, the error and the interrupt, between a host that does what it likes and a
  // controller that ends a descriptor only while one is submitted (see controller_inside.sv).

  reg started = 1'b0;
  always @(posedge clk_i) started <= 1'b1;

  always @* begin
    assume (rst_ni == started);
    assume (ready_o || !(write_i || read_i));
    assume (busy_o || !(done_i || fail_i));
    assume (!(done_i && fail_i));
    assume (!fail_i || error_i != `CROSSLOOP_ERROR_NONE);
    assume (stream_read_i <= WINDOW_WORDS);
  end

  // The cycle before.
  reg        was, was_bell, was_refused, was_done, was_fail, was_restart, was_reset, was_read;
  reg [31:0] was_data, was_doorbell, was_completed, was_ack, was_index;
  reg [3:0]  was_error, was_reason;
  reg [1:0]  was_enable;
  reg [19:0] was_addr;

  always @(posedge clk_i) begin
    was           <= rst_ni;
    was_bell      <= write_i && bell && !write_error_o;
    was_refused   <= write_i && write_error_o;
    was_done      <= done_i;
    was_fail      <= fail_i;
    was_reason    <= error_i;
    was_restart   <= restart_o;
    was_reset     <= soft_reset_o;
    was_read      <= read_i;
    was_addr      <= read_addr_i;
    was_data      <= write_data_i;
    was_doorbell  <= doorbell_q;
    was_completed <= completed_q;
    was_ack       <= irq_ack_q;
    was_index     <= error_index_q;
    was_error     <= error_q;
    was_enable    <= irq_enable_q;
  end

  wire pulse = was_restart || was_reset;

  always @* if (rst_ni) begin
    ring:    assert (doorbell_q - completed_q <= `CROSSLOOP_RING_ENTRIES);
    bells:   assert (!(write_i && bell) || write_error_o ||
                     (write_data_i - completed_q <= `CROSSLOOP_RING_ENTRIES &&
                      write_data_i - completed_q >= doorbell_q - completed_q));
    acks:    assert (!(write_i && ack) || write_error_o ||
                     write_data_i - irq_ack_q <= completed_q - irq_ack_q);
    mapped:  assert (!write_i || write_error_o || ctrl || bell || enable || ack ||
                     target || source || length);
    streams: assert (!(set_stream_write_o || set_stream_read_o) || write_data_i < WINDOW_WORDS);
    length_in: assert (!start_stream_o || {1'b0, write_data_i} + {1'b0, stream_read} <= WINDOW_WORDS);
    one_out: assert (!(set_stream_read_o || start_stream_o) || stream_left_i == 0);
    refuses: assert (!write_error_o || !(set_stream_write_o || set_stream_read_o || start_stream_o));
    sets:    assert (!write_i || write_error_o || (set_stream_write_o == target &&
                     set_stream_read_o == source && start_stream_o == length));
    waits:   assert (!waiting_o || (completed_q != doorbell_q && error_q == 4'd0));
  end

  always @* if (rst_ni && was) begin
    refused: assert (!was_refused || (doorbell_q == was_doorbell && irq_ack_q == was_ack &&
                                      irq_enable_q == was_enable && !restart_q && !soft_reset_q));
    rings:   assert (!was_bell || doorbell_q == was_data);
    moves:   assert (completed_q == was_completed || was_done || pulse);
    counts:  assert (!was_done || pulse || completed_q == was_completed + 32'd1);
    stops:   assert (!was_fail || pulse || (error_q == was_reason && error_index_q == was_completed));
    stays:   assert (was_fail || pulse || (error_q == was_error && error_index_q == was_index));
    dropped: assert (!was_restart || was_reset || (completed_q == was_doorbell &&
                     irq_ack_q == was_doorbell && error_q == 4'd0 && error_index_q == 32'd0));
    cleared: assert (!was_reset || (doorbell_q == 32'd0 && completed_q == 32'd0 && error_q == 4'd0 &&
                     error_index_q == 32'd0 && irq_ack_q == 32'd0 && irq_enable_q == 2'd0));
    level:   assert (irq_o == ((was_enable[0] && was_completed != was_ack) ||
                               (was_enable[1] && was_error != 4'd0)));
    shown:   assert (!was_read || (
                     (was_addr != {8'd0, `CROSSLOOP_REG_DOORBELL} || read_data_o == was_doorbell) &&
                     (was_addr != {8'd0, `CROSSLOOP_REG_COMPLETED} || read_data_o == was_completed) &&
                     (was_addr != {8'd0, `CROSSLOOP_REG_ERROR} ||
                      read_data_o == {28'd0, was_error})));
  end
