
  // Elements of a tensor as im2col_inside.sv shows them: nothing beside the two operands is read.
  // Reduced: 256 words.

  localparam [8:0] WINDOW = 9'd256;

  reg started = 1'b0;
  always @(posedge clk_i) started <= 1'b1;

  (* anyconst *) reg [8:0] source;
  (* anyconst *) reg [8:0] other;
  (* anyconst *) reg [8:0] size;

  wire [8:0] element = {1'b0, addr_i[WINDOW_WIDTH+1:2]};
  wire [8:0] offset  = other - source;
  wire [8:0] address = {1'b0, window_addr_o};

  reg held, was_add, over;

  always @* begin
    assume (rst_ni == started);
    assume (!(start_i && busy_o));
    assume (!held || add_i == was_add);
    assume (!take_i || valid_o);
    assume (source >= 9'd128 && source <= WINDOW && size <= WINDOW - source);
    assume (other >= 9'd128 && other <= WINDOW && size <= WINDOW - other);
    assume (delta_i == offset[7:0]);
    assume (!inside_i || (element >= source && element - source < size));
    assume (!add_i || (inside_i && channel_end_i));
    assume (!(over && valid_i));
  end

  always @(posedge clk_i) begin
    held    <= rst_ni && (busy_o || start_i);
    was_add <= add_i;
    over    <= rst_ni && !start_i && (over || (next_o && last_i));
  end

  always @* if (rst_ni) begin
    first:  assert (!window_en_o || second_q || (address >= source && address - source < size));
    second: assert (!window_en_o || !second_q ||
                    (add_i && address >= other && address - other < size));
  end
