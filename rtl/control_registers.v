// control_registers: the registers of rtl/registers.def, the ring's counters and the statistics.
//
// A write is decided in its cycle (write_error_o); a read answers in the cycle after read_i. Writes
// to read-only registers, accesses to unmapped addresses, a DOORBELL that would go back or put more
// than RING_ENTRIES descriptors in flight, an IRQ_ACK that would go back or beyond COMPLETED, a range
// of a stream beyond the window and a second one to send before the first is gone are errors and
// change nothing. irq_o is a level, one cycle behind the registers. The registers of the streams lie
// in stream_port.
`default_nettype none
`include "generated/crossloop_regs.vh"

module control_registers #(
  parameter integer ROWS         = 64,
  parameter integer COLS         = 64,
  parameter integer CODE_WIDTH   = 8,
  parameter integer PAGES        = 16,
  parameter integer WINDOW_WORDS = 65536,
  parameter integer MAX_OUTPUTS  = 1024,
  parameter integer MAX_INPUTS   = 16384,
  parameter integer ADCS         = 1,
  parameter integer ENGINES      = 1
) (
  input  wire        clk_i,
  input  wire        rst_ni,            // asynchronous, active low

  // Host; accesses only while ready_o
  output wire        ready_o,           // low for the cycle in which a reset or restart takes effect
  input  wire        write_i,
  input  wire [19:0] write_addr_i,
  input  wire [31:0] write_data_i,
  output wire        write_error_o,
  input  wire        read_i,
  input  wire [19:0] read_addr_i,
  output wire [31:0] read_data_o,
  output wire        read_error_o,

  // Controller
  output wire        soft_reset_o,      // pulses; the edge that ends them clears the counters
  output wire        restart_o,
  output wire        waiting_o,         // a descriptor is submitted and no error stops it
  output wire        busy_o,            // for the host: something runs or waits
  output wire        irq_o,             // for the host
  output wire [2:0]  entry_o,           // of the ring, that is next
  input  wire        done_i,            // the descriptor is done
  input  wire        fail_i,            // it was bad
  input  wire [3:0]  error_i,

  // Streams: registers to be set from write_data_i, and what they hold
  output wire        set_stream_write_o,
  output wire        set_stream_read_o,
  output wire        start_stream_o,
  input  wire [$clog2(WINDOW_WORDS):0] stream_write_i,
  input  wire [$clog2(WINDOW_WORDS):0] stream_read_i,
  input  wire [$clog2(WINDOW_WORDS):0] stream_left_i,
  input  wire        stream_overrun_i,

  // Statistics
  input  wire [$clog2(ENGINES*ADCS+1)-1:0] converted_i,  // columns read and converted in this cycle
  input  wire [$clog2(ENGINES*ADCS+1)-1:0] clipped_low_i,
  input  wire [$clog2(ENGINES*ADCS+1)-1:0] clipped_high_i,
  input  wire [$clog2(ENGINES+1)-1:0] skipped_i,  // phases skipped in this cycle
  input  wire [15:0] columns_i,         // of those
  input  wire        tiles_active_i
);

  localparam integer COUNT_WIDTH = $clog2(ENGINES * ADCS + 1);
  localparam integer SKIP_WIDTH  = $clog2(ENGINES + 1);
  localparam integer WORD_WIDTH  = $clog2(WINDOW_WORDS) + 1;

  reg        soft_reset_q;
  reg        restart_q;
  reg [31:0] doorbell_q;
  reg [31:0] completed_q;
  reg [31:0] error_index_q;
  reg [3:0]  error_q;
  reg [63:0] cycles_q;
  reg [63:0] reads_q;
  reg [63:0] conversions_q;
  reg [63:0] low_q;
  reg [63:0] high_q;
  reg [63:0] stalled_q;
  reg [63:0] skipped_q;
  reg [1:0]  irq_enable_q;
  reg [31:0] irq_ack_q;
  reg        irq_q;
  reg [31:0] data_q;
  reg        read_error_q;

  wire        skipped     = skipped_i != {SKIP_WIDTH{1'b0}};
  wire        converted   = converted_i != {COUNT_WIDTH{1'b0}};
  wire        stopped   = error_q != `CROSSLOOP_ERROR_NONE;
  wire        idle      = completed_q == doorbell_q;
  wire [3:0]  in_flight = doorbell_q[3:0] - completed_q[3:0];  // at most RING_ENTRIES
  wire [31:0] added     = write_data_i - doorbell_q;
  wire        ctrl      = write_addr_i == {8'd0, `CROSSLOOP_REG_CTRL};
  wire        bell      = write_addr_i == {8'd0, `CROSSLOOP_REG_DOORBELL};
  wire        bell_bad  = added > `CROSSLOOP_RING_ENTRIES - {28'd0, in_flight};
  wire        enable    = write_addr_i == {8'd0, `CROSSLOOP_REG_IRQ_ENABLE};
  wire        ack       = write_addr_i == {8'd0, `CROSSLOOP_REG_IRQ_ACK};
  wire        ack_bad   = write_data_i - irq_ack_q > completed_q - irq_ack_q;


  wire [31:0] stream_read  = {{(32-WORD_WIDTH){1'b0}}, stream_read_i};
  wire        sending      = stream_left_i != {WORD_WIDTH{1'b0}};
  wire        target       = write_addr_i == {8'd0, `CROSSLOOP_REG_STREAM_WRITE};
  wire        source       = write_addr_i == {8'd0, `CROSSLOOP_REG_STREAM_READ};
  wire        length       = write_addr_i == {8'd0, `CROSSLOOP_REG_STREAM_LENGTH};
  wire        outside      = write_data_i >= WINDOW_WORDS;
  wire        length_bad   = sending || write_data_i > WINDOW_WORDS - stream_read;

  assign set_stream_write_o = write_i && target && !outside;
  assign set_stream_read_o  = write_i && source && !outside && !sending;
  assign start_stream_o     = write_i && length && !length_bad;

  assign write_error_o = !ctrl && !enable && (!bell || bell_bad) && (!ack || ack_bad) &&
                         (!target || outside) && (!source || outside || sending) &&
                         (!length || length_bad);
  assign ready_o       = !soft_reset_q && !restart_q;
  assign soft_reset_o  = soft_reset_q;
  assign restart_o     = restart_q;
  assign waiting_o     = busy_o && ready_o;
  assign busy_o        = !idle && !stopped;
  assign irq_o         = irq_q;
  assign entry_o       = completed_q[2:0];

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      soft_reset_q  <= 1'b0;
      restart_q     <= 1'b0;
      doorbell_q    <= `CROSSLOOP_RESET_DOORBELL;
      completed_q   <= `CROSSLOOP_RESET_COMPLETED;
      error_q       <= `CROSSLOOP_ERROR_NONE;
      error_index_q <= `CROSSLOOP_RESET_ERROR_INDEX;
    end else begin
      soft_reset_q <= write_i && ctrl && write_data_i[`CROSSLOOP_FIELD_CTRL_SOFT_RESET];
      restart_q    <= write_i && ctrl && write_data_i[`CROSSLOOP_FIELD_CTRL_RESTART];
      if (soft_reset_q) begin
        doorbell_q    <= `CROSSLOOP_RESET_DOORBELL;
        completed_q   <= `CROSSLOOP_RESET_COMPLETED;
        error_q       <= `CROSSLOOP_ERROR_NONE;
        error_index_q <= `CROSSLOOP_RESET_ERROR_INDEX;
      end else if (restart_q) begin
        completed_q   <= doorbell_q;
        error_q       <= `CROSSLOOP_ERROR_NONE;
        error_index_q <= `CROSSLOOP_RESET_ERROR_INDEX;
      end else begin
        if (write_i && bell && !bell_bad) doorbell_q <= write_data_i;
        if (done_i) completed_q <= completed_q + 32'd1;
        if (fail_i) begin
          error_q       <= error_i;
          error_index_q <= completed_q;
        end
      end
    end
  end

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      irq_enable_q <= 2'd0;
      irq_ack_q    <= `CROSSLOOP_RESET_IRQ_ACK;
      irq_q        <= 1'b0;
    end else begin
      irq_q <= (irq_enable_q[`CROSSLOOP_FIELD_IRQ_ENABLE_DONE] && completed_q != irq_ack_q) ||
               (irq_enable_q[`CROSSLOOP_FIELD_IRQ_ENABLE_ERROR] && stopped);
      if (soft_reset_q) begin
        irq_enable_q <= 2'd0;
        irq_ack_q    <= `CROSSLOOP_RESET_IRQ_ACK;
      end else if (restart_q) begin
        irq_ack_q <= doorbell_q;
      end else if (write_i) begin
        if (enable) irq_enable_q <= write_data_i[1:0];
        if (ack && !ack_bad) irq_ack_q <= write_data_i;
      end
    end
  end

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      cycles_q      <= 64'd0;
      reads_q       <= 64'd0;
      conversions_q <= 64'd0;
      low_q         <= 64'd0;
      high_q        <= 64'd0;
      stalled_q     <= 64'd0;
      skipped_q     <= 64'd0;
    end else if (soft_reset_q) begin
      cycles_q      <= 64'd0;
      reads_q       <= 64'd0;
      conversions_q <= 64'd0;
      low_q         <= 64'd0;
      high_q        <= 64'd0;
      stalled_q     <= 64'd0;
      skipped_q     <= 64'd0;
    end else if (busy_o) begin
      cycles_q <= cycles_q + 64'd1;
      if (converted || skipped)
        reads_q <= reads_q + {{(64-COUNT_WIDTH){1'b0}}, converted_i} + {48'd0, columns_i};
      if (converted) begin
        conversions_q <= conversions_q + {{(64-COUNT_WIDTH){1'b0}}, converted_i};
        low_q         <= low_q + {{(64-COUNT_WIDTH){1'b0}}, clipped_low_i};
        high_q        <= high_q + {{(64-COUNT_WIDTH){1'b0}}, clipped_high_i};
      end
      if (!tiles_active_i) stalled_q <= stalled_q + 64'd1;
      if (skipped) skipped_q <= skipped_q + {{(64-SKIP_WIDTH){1'b0}}, skipped_i};
    end
  end

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      data_q       <= 32'd0;
      read_error_q <= 1'b0;
    end else if (read_i) begin
      read_error_q <= 1'b0;
      case (read_addr_i)
        {8'd0, `CROSSLOOP_REG_ID}:              data_q <= `CROSSLOOP_RESET_ID;
        {8'd0, `CROSSLOOP_REG_VERSION}:         data_q <= `CROSSLOOP_RESET_VERSION;
        {8'd0, `CROSSLOOP_REG_ROWS}:            data_q <= ROWS;
        {8'd0, `CROSSLOOP_REG_COLS}:            data_q <= COLS;
        {8'd0, `CROSSLOOP_REG_CODE_WIDTH}:      data_q <= CODE_WIDTH;
        {8'd0, `CROSSLOOP_REG_PAGES}:           data_q <= PAGES;
        {8'd0, `CROSSLOOP_REG_WINDOW_WORDS}:    data_q <= WINDOW_WORDS;
        {8'd0, `CROSSLOOP_REG_MAX_OUTPUTS}:     data_q <= MAX_OUTPUTS;
        {8'd0, `CROSSLOOP_REG_OPCODES}:         data_q <= `CROSSLOOP_RESET_OPCODES;
        {8'd0, `CROSSLOOP_REG_MAX_INPUTS}:      data_q <= MAX_INPUTS;
        {8'd0, `CROSSLOOP_REG_ADCS}:            data_q <= ADCS;
        {8'd0, `CROSSLOOP_REG_ENGINES}:         data_q <= ENGINES;
        {8'd0, `CROSSLOOP_REG_CTRL}:            data_q <= `CROSSLOOP_RESET_CTRL;
        {8'd0, `CROSSLOOP_REG_STATUS}:          begin
          data_q <= 32'd0;
          data_q[`CROSSLOOP_FIELD_STATUS_IDLE]  <= idle;
          data_q[`CROSSLOOP_FIELD_STATUS_ERROR] <= stopped;
        end
        {8'd0, `CROSSLOOP_REG_DOORBELL}:        data_q <= doorbell_q;
        {8'd0, `CROSSLOOP_REG_COMPLETED}:       data_q <= completed_q;
        {8'd0, `CROSSLOOP_REG_ERROR}:           data_q <= {28'd0, error_q};
        {8'd0, `CROSSLOOP_REG_ERROR_INDEX}:     data_q <= error_index_q;
        {8'd0, `CROSSLOOP_REG_CYCLES_BUSY_LO}:  data_q <= cycles_q[31:0];
        {8'd0, `CROSSLOOP_REG_CYCLES_BUSY_HI}:  data_q <= cycles_q[63:32];
        {8'd0, `CROSSLOOP_REG_COLUMN_READS_LO}: data_q <= reads_q[31:0];
        {8'd0, `CROSSLOOP_REG_COLUMN_READS_HI}: data_q <= reads_q[63:32];
        {8'd0, `CROSSLOOP_REG_CONVERSIONS_LO}:  data_q <= conversions_q[31:0];
        {8'd0, `CROSSLOOP_REG_CONVERSIONS_HI}:  data_q <= conversions_q[63:32];
        {8'd0, `CROSSLOOP_REG_CLIPPED_LOW_LO}:  data_q <= low_q[31:0];
        {8'd0, `CROSSLOOP_REG_CLIPPED_LOW_HI}:  data_q <= low_q[63:32];
        {8'd0, `CROSSLOOP_REG_CLIPPED_HIGH_LO}: data_q <= high_q[31:0];
        {8'd0, `CROSSLOOP_REG_CLIPPED_HIGH_HI}: data_q <= high_q[63:32];
        {8'd0, `CROSSLOOP_REG_CYCLES_STALLED_LO}: data_q <= stalled_q[31:0];
        {8'd0, `CROSSLOOP_REG_CYCLES_STALLED_HI}: data_q <= stalled_q[63:32];
        {8'd0, `CROSSLOOP_REG_PHASES_SKIPPED_LO}: data_q <= skipped_q[31:0];
        {8'd0, `CROSSLOOP_REG_PHASES_SKIPPED_HI}: data_q <= skipped_q[63:32];
        {8'd0, `CROSSLOOP_REG_IRQ_ENABLE}:      data_q <= {30'd0, irq_enable_q};
        {8'd0, `CROSSLOOP_REG_IRQ_ACK}:         data_q <= irq_ack_q;
        {8'd0, `CROSSLOOP_REG_STREAM_WRITE}:    data_q <= {{(32-WORD_WIDTH){1'b0}}, stream_write_i};
        {8'd0, `CROSSLOOP_REG_STREAM_READ}:     data_q <= stream_read;
        {8'd0, `CROSSLOOP_REG_STREAM_LENGTH}:   data_q <= {{(32-WORD_WIDTH){1'b0}}, stream_left_i};
        {8'd0, `CROSSLOOP_REG_STREAM_STATUS}:   begin
          data_q <= `CROSSLOOP_RESET_STREAM_STATUS;
          data_q[`CROSSLOOP_FIELD_STREAM_STATUS_OVERRUN] <= stream_overrun_i;
        end
        default: begin
          data_q       <= 32'd0;
          read_error_q <= 1'b1;
        end
      endcase
    end
  end

  assign read_data_o  = data_q;
  assign read_error_o = read_error_q;

endmodule

`default_nettype wire
